states-qa_a:
  test.nop
