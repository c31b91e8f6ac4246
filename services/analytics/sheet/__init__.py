"""The activity report as a sheet of paper: what it says, in three languages, and how it looks on a page and in a PDF.

`writing` makes a `Sheet` out of a report; `html`, `pdf` and the command line's terminal show it. All words stand in
the catalogues of `locale/`, and everything that a person reads passes through `words`.
"""
