c: {{ v | default('none') }}
