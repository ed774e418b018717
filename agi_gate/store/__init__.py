"""The store, on Redis or Valkey: what is known of a number for a controller.

Edge, the only redis user.  `reader` answers calls, `loader` takes ops' files, `census` counts for `status`; `keys`,
`page` and `values` are the layout.  It knows facts, never rules.
"""
