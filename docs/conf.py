"""The site made of this project's documents: `make docs`.

Its root is the project's, so that links work here and within the repository alike.
"""

project = "Nexus"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [".*", "var", "build"]
html_theme = "furo"
html_title = "Nexus"
html_show_sourcelink = False
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["misc.highlighting_failure"]
