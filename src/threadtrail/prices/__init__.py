"""The cost of runs, by the prices of the library ``genai-prices``: ``pip install 'threadtrail[prices]'``.

    from threadtrail import prices

    prices.cost(run_ended).amount                          # Decimal('0.00234')
    prices.total(prices.cost(end) for end in ends).text    # '$1.20; of 10 runs, 1 has no price'

The library brings its prices with it: nothing is fetched. Importing this module does not import it.
"""

from __future__ import annotations

from threadtrail.prices.amounts import Cost, Costs, money, total
from threadtrail.prices.costing import cost, cost_or_none, installed

__all__ = ["Cost", "Costs", "cost", "cost_or_none", "installed", "money", "total"]
