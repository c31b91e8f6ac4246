"""What can be asked of this context: case list and file, person file and search, referral pipeline."""

from services.cases.projections.case_files import CaseFiles
from services.cases.projections.person_files import PersonFiles
from services.cases.projections.person_search import PersonSearch
from services.cases.projections.referrals import Referrals

projections = (CaseFiles(), PersonFiles(), PersonSearch(), Referrals())
