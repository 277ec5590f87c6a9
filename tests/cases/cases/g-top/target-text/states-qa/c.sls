states-qa_c:
  test.nop
