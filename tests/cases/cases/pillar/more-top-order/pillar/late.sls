v: late
