#!/bin/sh
echo loc
