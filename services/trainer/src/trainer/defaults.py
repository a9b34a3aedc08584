"""Defaults of options, apart from what uses them, so that the command line starts quickly."""

PRECISION = 0.9
"""Share of right answers among those not marked uncertain. Well above what any model here reaches
over all tweets, so that the mark tells something, and low enough that half of them or more get an
answer."""

LATENCY_MS = 100.0
"""The most milliseconds for one text on one thread: a fifth of the half second at which the alert
`PredictionsSlow` fires, so there is room for a queue. A BERT of 6 layers takes about a tenth."""

CORRECTION_WEIGHT = 2
"""Times a correction counts. Measured on 16,000 tweets of Sentiment140 with 210 corrections of
airline tweets: once, naive Bayes learns 70 % of them and logistic regression 79 %; twice, 98 %
both, with test accuracy 0.3 and 0.04 points higher; ten times, all, for 0.8 points less. See
docs/results.md."""

PER_REVIEWER = 200
"""Texts of one access key that count. Measured with naive Bayes on 16,000 tweets of Sentiment140:
200 wrong labels by a reviewer who always lies, each counting 3 times, cost 0.06 points of test
accuracy, 500 cost 0.5, 2,000 cost 3.6."""
