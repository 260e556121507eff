"""Names to ids and back: the names log and the trie that answers globs."""
