#!/usr/bin/env bash
# Installs what this example needs beyond Go and a C compiler: the headers of X for
# GLFW, and Xvfb, the X server without a screen that its test runs under. With the
# argument «check» it installs nothing, and fails if something is missing.
set -euo pipefail

headers=(X11/Xlib.h X11/Xcursor/Xcursor.h X11/extensions/Xrandr.h X11/extensions/Xinerama.h
	X11/extensions/XInput2.h X11/extensions/xf86vmode.h GL/gl.h)
packages=(gcc libc6-dev xvfb libgl1-mesa-dev libx11-dev libxrandr-dev libxinerama-dev libxcursor-dev
	libxi-dev libxxf86vm-dev)

missing() {
	command -v "${CC:-gcc}" >/dev/null || { echo "no C compiler"; return; }
	local h
	for h in "${headers[@]}"; do
		echo "#include <X11/Xlib.h>
#include <$h>" | "${CC:-gcc}" -E -xc - >/dev/null 2>&1 || echo "no $h"
	done
	command -v Xvfb >/dev/null || echo "no Xvfb (only its test needs it)"
}

if [ "${1:-}" != check ] && [ -n "$(missing)" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "this script knows apt-get only; here is missing:" >&2
		missing >&2
		exit 1
	fi
	sudo=()
	[ "$(id -u)" -eq 0 ] || sudo=(sudo)
	"${sudo[@]}" apt-get update -qq
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
fi
left=$(missing)
if [ -n "$left" ]; then
	echo "$left"
	exit 1
fi
