"""Other contexts' events as the reports see them: only the fields that they count by."""
