package nethttp

import "net/http"

// Mark prepares s as Serve does.
func Mark(s *Server) { s.mark() }

// Register has rt make the requests of t for a scheme.
func Register(t *Transport, scheme string, rt http.RoundTripper) { t.base.RegisterProtocol(scheme, rt) }
