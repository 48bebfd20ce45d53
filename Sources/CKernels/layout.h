// Sizes of the packed layouts: how many outputs a weight panel holds, how many positions a key block holds.
#ifndef CK_LAYOUT_H
#define CK_LAYOUT_H

#define CK_PANEL ((size_t)32)
#define CK_KEY_BLOCK ((size_t)16)

#endif
