d: {{ v | default('none') }}
