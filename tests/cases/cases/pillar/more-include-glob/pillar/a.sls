include: ['parts.*']
