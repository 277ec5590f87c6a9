postfix:
  debconf.set:
    - data:
        postfix/mailname: {type: string, value: new.example}
        postfix/main_mailer_type: {type: select, value: No configuration}
        postfix/number: {type: string, value: 12}
        postfix/secret: {type: password, value: hidden}
mysql-server:
  debconf.set:
    - data:
        mysql-server/start_on_boot: {type: boolean, value: true}
mysql-again:
  debconf.set:
    - name: mysql-server
    - data:
        mysql-server/start_on_boot: {type: boolean, value: no}
fresh:
  debconf.set:
    - data:
        fresh/q: {type: boolean, value: 'true'}
