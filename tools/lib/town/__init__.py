"""A generated town: weeks of elders' lives as a registry folder, a timeline and the truth about it.

Written from the world's side: what people do, how long and how often, over ranges that real life would have; nothing here knows a detector's threshold. The
figures measured on it are about this generator and no other place. Everything follows from the seed.
"""
