#!/bin/sh
echo "$# $1 $2 $X"
pwd >/dev/null
