//go:build !linux

package reactor

import "errors"

func readNow(int, []byte, int64) (int, error) { return 0, errors.ErrUnsupported }

func kindOf(int) (regular, direct, appends bool) { return false, false, false }

func sizeOf(int) (int64, bool) { return 0, false }

func cannotAsk(error) bool { return true }
