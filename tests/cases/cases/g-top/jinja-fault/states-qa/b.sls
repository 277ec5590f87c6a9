states-qa_b:
  test.nop
