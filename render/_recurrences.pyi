from ..schema.grid import Floats

def medians(values: Floats, width: int, out: Floats) -> None: ...
def exponential(values: Floats, before: float, share: float, out: Floats) -> None: ...
def holt_winters(
    values: Floats,
    season: int,
    level_share: float,
    trend_share: float,
    season_share: float,
    seasonals: Floats,
    predictions: Floats,
    deviations: Floats,
) -> None: ...
