"""What lies on disk beside a store, how much of it nobody needs any more, and how that goes. Light.

Nobody needs what belongs to runs that are deleted or over for good, and what killed processes left
half written. What only saves time or tells of the past goes when it was used long ago. A checkpoint
that a run may go on from stays, and so does all that a living worker has; symbolic links are not
followed. Each kind may be freed while workers work.
"""

from engine.work.cleaning.amounts import Amount, Cleaning, Stock
from engine.work.cleaning.kinds import KINDS, free, kinds_of, look_at, tidy

__all__ = ["KINDS", "Amount", "Cleaning", "Stock", "free", "kinds_of", "look_at", "tidy"]
