"""What a challenger says of predictions that the champion answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of the challenger's copies."""
    op.create_table(
        "shadow_predictions",
        sa.Column("prediction_id", sa.Uuid(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("champion_seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["predictions.id"],
            name="fk_shadow_predictions_prediction_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prediction_id", name="pk_shadow_predictions"),
    )


def downgrade() -> None:
    """Forget what challengers said."""
    op.drop_table("shadow_predictions")
