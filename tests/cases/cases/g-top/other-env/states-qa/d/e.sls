states-qa_d.e:
  test.nop
