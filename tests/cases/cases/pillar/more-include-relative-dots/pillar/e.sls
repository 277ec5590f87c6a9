top_e: 1
