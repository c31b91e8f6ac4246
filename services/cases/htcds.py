"""Codes of the Human Trafficking Case Data Standard 2.0 (IOM, CC BY 4.0), as the standard spells them.

The three elements of trafficking are those of article 2 of Directive 2011/36/EU: an act, by a means, for a purpose.
The standard has no list of acts; ours are the directive's own words. A test holds the rest against the standard's file.
"""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    """What was done to the person (Directive 2011/36/EU, article 2(1))."""

    RECRUITMENT = "recruitment"
    TRANSPORTATION = "transportation"
    TRANSFER = "transfer"
    HARBOURING = "harbouring"
    RECEPTION = "reception"


class TraffickingStatus(StrEnum):
    """`vic_TraffickingStatus`."""

    POSSIBLE = "PossibleVictimOfTrafficking"
    ACTUAL = "ActualVictimOfTrafficking"
    NOT_A_VICTIM = "NotAVictimOfTrafficking"


class StatusDecidedBy(StrEnum):
    """`vic_TraffickingStatusDecisionMakingOrg`."""

    POLICE = "Police"
    NGO = "NGO"
    COURT_OR_PROSECUTION = "CourtOrProsecution"
    NON_POLICE_GOVERNMENTAL = "NonPoliceGovernmentalOrganization"
    OTHER = "Other"


class MethodOfRecruitment(StrEnum):
    """`vic_MethodOfRecruitment`."""

    AT_A_PLACE_OF_BUSINESS = "AtAPlaceOfBusiness"
    AT_AN_EDUCATIONAL_INSTITUTION = "AtAnEducationalInstitution"
    AT_WORK = "AtWork"
    ONLINE_SOCIAL_NETWORKS = "ThroughOnlineSocialNetworks"
    ONLINE_ADVERTISEMENT = "ThroughAnOnlineAdvertisement"
    TELEVISION_ADVERT = "ThroughATelevisionAdvert"
    NEWSPAPER_ADVERT = "ThroughANewspaperAdvert"
    FAMILY_OR_FAMILY_EVENTS = "ThroughFamilyOrFamilyEvents"
    FRIENDS_OR_SOCIAL_EVENTS = "ThroughFriendsOrSocialEvents"
    OTHER = "Other"


class MethodOfControl(StrEnum):
    """`vic_MethodsOfControl`: the means."""

    PHYSICAL_THREATS = "PhysicalThreats"
    THREATS_OF_LAW_ENFORCEMENT = "ThreatsLawEnforcement"
    THREATENS_CHILDREN_OR_FAMILY = "ThreatensChildrenFamily"
    DEBT_BONDAGE = "DebtBondage"
    FALSE_PROMISES = "FalsePromises"
    PHYSICAL_ABUSE = "PhysicalAbuse"
    SEXUAL_ABUSE = "SexualAbuse"
    TAKES_EARNINGS = "TakesEarnings"
    RESTRICTS_FINANCIAL_ACCESS = "RestrictsFinancialAccess"
    RESTRICTS_MEDICAL_CARE = "RestrictsMedicalCare"
    WITHHOLDS_NECESSITIES = "WithholdsNecessities"
    PSYCHOLOGICAL_ABUSE = "PsychologicalAbuse"
    PSYCHOACTIVE_SUBSTANCE = "PsychoactiveSubstance"
    EXCESSIVE_WORKING_HOURS = "ExcessiveWorkingHours"
    WITHHOLDS_DOCUMENTS = "WithholdsDocuments"
    OTHER = "Other"


class TypeOfExploitation(StrEnum):
    """`vic_TypeOfExploitation`: the purpose."""

    FORCED_LABOUR = "ForcedLabour"
    SEXUAL_EXPLOITATION = "SexualExploitation"
    CHILD_LABOUR = "ChildLabour"
    FORCED_MARRIAGE = "ForcedMarriage"
    SERVITUDE = "Servitude"
    FORCED_MILITARY = "ForcedMilitaryByNonStateActors"
    ORGAN_REMOVAL = "OrganRemoval"
    FORCED_BEGGING = "ForcedBegging"
    FORCED_ADOPTION = "ForcedAdoption"
    SURROGACY = "Surrogacy"
    OTHER = "Other"
