"""Campaigns, advocacy and partners: what the centre does in public so that fewer people go missing or are sold."""

from services.campaigns import advocacy, campaign, organisation, partner, shown, translation
from services.campaigns.policies import FoundAreNotShown, ObservanceIsKept
from services.campaigns.projections.advocacies import Advocacies
from services.campaigns.projections.campaigns import Campaigns
from services.campaigns.projections.organisation import OrganisationModel
from services.campaigns.projections.partners import Partners
from services.campaigns.projections.translations import Translations
from shared.context import Context

context = Context(
    name="campaigns",
    title="Campaigns and advocacy",
    deciders=(
        campaign.campaign,
        advocacy.advocacy,
        partner.partner,
        organisation.organisation,
        translation.translations,
        shown.shown,
    ),
    policies=(ObservanceIsKept(), FoundAreNotShown()),
    projections=(Campaigns(), Advocacies(), Partners(), OrganisationModel(), Translations()),
)
