"""Italian numbers by the million: distinct, spread over the real prefixes as a list of customers is.

A number is an int64 of its E.164 digits (+393331234500 -> 393331234500), as the product has it.  How densely numbers
lie decides what one costs in the store: mobile prefixes are taken as evenly used within themselves, the dearest case.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Weighted = list[tuple[int, int, float]]  # a block of numbers: its first, how many it has, its weight

MOBILE_SHARE = 0.75
# prefixes of the four networks and of the larger ones that share them, each with 7 digits behind it
_MOBILE = ("320 324 327 328 329 330 331 333 334 335 336 337 338 339 340 342 344 345 346 347 348 349 350 351 352 353 "
           "360 366 368 370 371 373 375 376 377 378 379 380 388 389 391 392 393").split()
_CITIES = "02 06 010 011 015 019 030 031 035 039 040 041 045 049 050 051 055 059 070 071 075 079 080 081 085 089 " \
          "090 091 095 099".split()
_PROVINCES = (
    "0121 0122 0123 0124 0125 0131 0141 0142 0143 0144 0161 0163 0165 0166 0171 0172 0173 0174 0175 0182 "
    "0183 0184 0185 0187 0321 0322 0323 0324 0331 0332 0341 0342 0343 0344 0345 0346 0362 0363 0364 0365 "
    "0371 0372 0373 0374 0375 0376 0377 0381 0382 0383 0384 0385 0386 0421 0422 0423 0424 0425 0426 0429 "
    "0431 0432 0433 0434 0435 0436 0437 0438 0439 0442 0444 0445 0461 0462 0463 0464 0465 0471 0472 0473 "
    "0474 0481 0521 0522 0523 0524 0525 0532 0533 0534 0535 0536 0541 0542 0543 0544 0545 0546 0547 0564 "
    "0565 0566 0571 0572 0573 0574 0575 0577 0578 0583 0584 0585 0586 0587 0588 0721 0722 0731 0732 0733 "
    "0734 0735 0736 0737 0742 0743 0744 0746 0761 0763 0765 0766 0771 0773 0774 0775 0776 0781 0782 0783 "
    "0784 0785 0789 0823 0824 0825 0827 0828 0831 0832 0833 0835 0836 0861 0862 0863 0864 0865 0871 0872 "
    "0873 0874 0875 0881 0882 0883 0884 0885 0921 0922 0923 0924 0925 0931 0932 0933 0934 0935 0941 0942 "
    "0961 0962 0963 0964 0965 0966 0967 0968 0971 0972 0973 0974 0975 0976 0981 0982 0983 0984 0985"
).split()
# digits behind an area code -> how many lines of an area have as many: old short ones are still there
_CITY_LENGTHS = {5: 0.02, 6: 0.18, 7: 0.45, 8: 0.35}
_PROVINCE_LENGTHS = {4: 0.01, 5: 0.14, 6: 0.80, 7: 0.05}
_METROPOLIS_FACTOR = 8.0  # Milan and Rome have as many lines as eight other cities


def distinct_numbers(count: int, seed: int = 1) -> Numbers:
    """That many different numbers, in no order."""
    random = np.random.default_rng(seed)
    mobiles = round(count * MOBILE_SHARE)
    found = np.concatenate([_draw(random, _mobile_blocks(), mobiles),
                            _draw(random, _landline_blocks(), count - mobiles)])
    random.shuffle(found)
    return found


def consecutive_numbers(count: int) -> Numbers:
    """That many neighbours: what one provider's own block of customers looks like."""
    return np.arange(count, dtype=np.int64) + 393330000000


def _draw(random: np.random.Generator, blocks: Weighted, count: int) -> Numbers:
    firsts, sizes, weights = (np.array(column) for column in zip(*blocks, strict=True))
    found = np.empty(0, np.int64)
    while len(found) < count:  # what was drawn twice is drawn anew
        # a popular block may be full: some more than is missing, from all blocks
        chosen = random.choice(len(blocks), size=round((count - len(found)) * 1.1) + 8, p=weights / weights.sum())
        drawn = firsts[chosen] + (random.random(len(chosen)) * sizes[chosen]).astype(np.int64)
        found = np.unique(np.concatenate([found, drawn]))
    return found[random.permutation(len(found))[:count]]


def _mobile_blocks() -> Weighted:
    # prefixes are taken up very differently: up to five times more of one than of another
    return [(int(f"39{prefix}0000000"), 10**7, 1 / (2 + place % 9)) for place, prefix in enumerate(_MOBILE)]


def _landline_blocks() -> Weighted:
    blocks = []
    for codes, lengths in ((_CITIES, _CITY_LENGTHS), (_PROVINCES, _PROVINCE_LENGTHS)):
        for code in codes:
            lines = (4.0 if codes is _CITIES else 1.0) * (_METROPOLIS_FACTOR if len(code) == 2 else 1.0)
            for length, share in lengths.items():
                # a subscriber's number does not begin with 0 or 1
                first, size = int(f"39{code}2" + "0" * (length - 1)), 8 * 10**(length - 1)
                blocks.append((first, size, lines * share))
    return blocks
