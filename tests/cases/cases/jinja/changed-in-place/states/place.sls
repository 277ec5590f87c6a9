{%- set d = {'x': {'a': 1, 'l': [1], 'n': {'p': 1}}, 'y': 2} %}
{%- set alias = d['x']['n'] %}
{%- do salt['defaults.merge'](d['x'], {'b': 2, 'l': [2], 'n': {'q': 2}}) %}
{%- set r = salt['defaults.merge'](d, {'z': 3}) %}
{%- do r.update({'through': 'result'}) %}
{%- set copy = salt.defaults.merge(d, {'copied': 1}, in_place=False) %}
{%- set lists = {'l': [1, 2]} %}
{%- do salt.defaults.merge(lists, {'l': [2, 3]}, merge_lists=True) %}
{%- set named = {'a': 1} %}
{%- do salt.defaults.merge(dest=named, src={'b': 2}) %}
{%- set nodes = {'n1': {'a': 1}, 'n2': {}} %}
{%- do salt['defaults.update'](nodes, {'a': 0, 'c': {'d': 5}}) %}
{%- set s = {'a': {'b': 1}} %}
{%- set s2 = salt['slsutil.update'](s, {'a': {'c': 2}}) %}
{%- do s2.update({'e': 5}) %}
{%- set m = {'a': {'b': 1}} %}
{%- set m2 = salt['slsutil.merge'](m, {'a': {'c': 2}}) %}
{%- do m2['a'].update({'e': 5}) %}
{%- set map = {'Debian': {'pkg': 'deb', 'opts': {'k': 1}}, 'RedHat': {'pkg': 'rh'}, 'default': {'pkg': 'none'}} %}
{%- set chosen = salt['grains.filter_by'](map) %}
{%- do chosen.update({'chosen': True}) %}
{%- set merged = salt['grains.filter_by'](map, merge={'opts': {'z': 2}}) %}
{%- do merged.opts.update({'later': 1}) %}
{%- set based = {'base': {'a': 1}, 'Debian': {'b': 2}} %}
{%- set b = salt['grains.filter_by'](based, base='base', merge={'c': 3}) %}
{%- set other = salt['grains.filter_by'](map, grain='nosuch', merge={'m': 1}) %}
{%- set nothing = salt['grains.filter_by']({'RedHat': {'a': 1}}, merge={'m': 1}) %}
{%- set text = {'Debian': 'word'} %}
{%- set p = pillar.get('tree') %}
{%- set got = salt['pillar.get']('tree') %}
{%- set got2 = salt['pillar.get']('tree:sub', {'d': 1}, merge=True) %}
{%- do got2.update({'got2': 1}) %}
{%- set deep = salt['defaults.deepcopy'](d) %}
{%- do deep.update({'deep': 1}) %}
show:
  test.nop:
    - d: {{ d | json }}
    - alias: {{ alias | json }}
    - copy: {{ copy | json }}
    - lists: {{ lists | json }}
    - named: {{ named | json }}
    - nodes: {{ nodes | json }}
    - s: {{ s | json }}
    - m: {{ m | json }}
    - map: {{ map | json }}
    - based: {{ based | json }}
    - b: {{ b | json }}
    - other: {{ other | json }}
    - none: {{ nothing | json }}
    - text: {{ salt['grains.filter_by'](text) }}
    - tree: {{ salt['pillar.get']('tree') | json }}
    - p: {{ p | json }}
    - g: {{ salt['grains.get']('os') }}
{%- set early = salt['grains.filter_by']({'RedHat': {'pkgs': not_yet}, 'Debian': {'pkgs': ['x']}, 'default': {'u': early}}) %}
{%- set bad = salt['grains.filter_by']({'Debian': {'fine': 1, 'bad': not_yet}}) %}
undefined members:
  test.nop:
    - early: {{ early | json }}
    - fine: {{ bad.fine }}
    - bad: {{ bad.bad is defined }}
