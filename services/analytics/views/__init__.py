"""Other contexts' events as the reports see them: only the fields that they count by.

Dates were checked before they were stored, so that here they are texts.
"""
