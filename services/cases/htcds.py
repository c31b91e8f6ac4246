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


class TypeOfSexExploitation(StrEnum):
    """`vic_TypeOfSexExploitation`: where the purpose is sexual exploitation."""

    PROSTITUTION = "Prostitution"
    PORNOGRAPHY = "Pornography"
    REMOTE_INTERACTIVE_SERVICES = "RemoteInteractiveServices"
    PRIVATE_SEXUAL_SERVICES = "PrivateSexualServices"


class ForcedLabourIndustry(StrEnum):
    """`vic_ForcedLabourIndustry`: where the purpose is forced labour; sections of ISIC."""

    AGRICULTURE_FORESTRY_AND_FISHING = "A_AgricultureForestryAndFishing"
    MINING_AND_QUARRYING = "B_MiningAndQuarrying"
    MANUFACTURING = "C_Manufacturing"
    ELECTRICITY_GAS_STEAM_AND_AIR_CONDITIONING_SUPPLY = "D_ElectricityGasSteamAndAirConditioningSupply"
    WATER_SUPPLY_SEWERAGE_WASTE_MANAGEMENT = "E_WaterSupplySewerageWasteManagement"
    CONSTRUCTION = "F_Construction"
    WHOLESALE_AND_RETAIL_TRADE_REPAIR_OF_MOTOR_VEHICLES = "G_WholesaleAndRetailTradeRepairOfMotorVehicles"
    TRANSPORTATION_AND_STORAGE = "H_TransportationAndStorage"
    ACCOMMODATION_AND_FOOD_SERVICE_ACTIVITIES = "I_AccommodationAndFoodServiceActivities"
    INFORMATION_AND_COMMUNICATION = "J_InformationAndCommunication"
    FINANCIAL_AND_INSURANCE_ACTIVITIES = "K_FinancialAndInsuranceActivities"
    REAL_ESTATE_ACTIVITIES = "L_RealEstateActivities"
    PROFESSIONAL_SCIENTIFIC_AND_TECHNICAL_ACTIVITIES = "M_ProfessionalScientificAndTechnicalActivities"
    ADMINISTRATIVE_AND_SUPPORT_SERVICE_ACTIVITIES = "N_AdministrativeAndSupportServiceActivities"
    PUBLIC_ADMINISTRATION_AND_DEFENCE = "O_PublicAdministrationAndDefence"
    EDUCATION = "P_Education"
    HUMAN_HEALTH_AND_SOCIAL_WORK_ACTIVITIES = "Q_HumanHealthAndSocialWorkActivities"
    ARTS_ENTERTAINMENT_AND_RECREATION = "R_ArtsEntertainmentAndRecreation"
    OTHER_SERVICE_ACTIVITIES = "S_OtherServiceActivities"
    ACTIVITIES_OF_HOUSEHOLDS_AS_EMPLOYERS = "T_ActivitiesOfHouseholdsAsEmployers"
    ACTIVITIES_OF_EXTRATERRITORIAL_ORGANIZATIONS = "U_ActivitiesOfExtraterritorialOrganizations"
