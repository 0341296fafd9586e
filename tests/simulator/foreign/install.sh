#!/bin/sh
# Installs the foreign client next to this file, exactly as locked; needs Node 18 or later.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund
