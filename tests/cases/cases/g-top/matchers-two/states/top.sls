base:
  'ng':
    - match: nodegroup
    - a
  'N@two': [b]
  'os:(De|Ub).*':
    - match: grain_pcre
    - c
  'nosuch:x':
    - match: pillar
    - d.e
  'm(1|2).*':
    - match: pcre
    - a
