package compat

// Leavable is how Stdin makes its reader.
var Leavable = leavable
