v: early
