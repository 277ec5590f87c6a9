#!/bin/sh
echo {{ v }} {{ w }} {{ grains.id }}
