"""What can be asked of this context: cases, persons and families, searches, referrals, calls, what to send."""

from services.cases.projections.accesses import Accesses
from services.cases.projections.case_files import CaseFiles
from services.cases.projections.caseload import Caseloads
from services.cases.projections.circles import Circles
from services.cases.projections.contacts import Contacts
from services.cases.projections.disappearances import Disappearances
from services.cases.projections.family import Families
from services.cases.projections.outbox import OutboxModel
from services.cases.projections.person_files import PersonFiles
from services.cases.projections.person_search import PersonSearch
from services.cases.projections.referrals import Referrals
from services.cases.projections.safety_sheet import SafetySheets

projections = (
    CaseFiles(),
    Caseloads(),
    SafetySheets(),
    PersonFiles(),
    PersonSearch(),
    Families(),
    Contacts(),
    Disappearances(),
    Referrals(),
    OutboxModel(),
    Accesses(),
    Circles(),
)
