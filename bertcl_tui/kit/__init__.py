"""What several screens share: live screens, lists, forms, questions, messages."""
