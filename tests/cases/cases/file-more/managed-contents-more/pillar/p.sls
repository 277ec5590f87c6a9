k: {t: text, u: more, e: '', list: [1, 2]}
