"""In which order the bytes of a file change. This is the only room that changes bytes which are in a file already.

The rules:

1. A byte that the old state needs is changed by a *switch* alone. Everything else goes behind a heap, behind the last
   HDU, or into another file.
2. Before a switch all that it makes reachable is in the file, and on the disk if the handle is durable.
3. Numbers that only widen what may be reached (length of the file, PCOUNT, the maximum in a TFORM) change before the
   switch; those that reach it (descriptors with ZSCALE and ZZERO, NAXIS2, ZNAXISn) are the switch.
4. A switch is one write. The operating system makes it all or nothing up to a page; beyond, each page is.
5. The first eight bytes of a new HDU are written last. Until then it is what readers must ignore behind the last HDU
   (FITS Standard 4.0, section 3.5).
6. What cannot be done so is written to a new file beside the old one, which is renamed over it.
7. What fails before the switch is taken back: the file is cut to its old length, and the handle goes on. What fails in
   the switch is undone with the old bytes; if that fails, too, the handle refuses all further work.
8. Every write goes through `FileHandle` or a replacement that it made. Each result counts, also those of the last
   write, of closing, and of the truncation that undoes.
9. Before each change, and before a new file is renamed over it, the name of the file must still lead to the open file.
10. What fails behind a switch that cannot be undone (a rename) raises, and memory follows the file.

Where no file can be made beside the old one (a folder that may not be written, a disk without room, several hard
links), what lies behind a change is moved in place, last block first, with a warning; space on the disk is reserved
first. What needs a copy of the old bytes (moving an HDU, an atomic change) raises instead. The file of a Python file
object cannot be renamed over: a new content is written over the old one, which is kept until then to be put back.
"""
