-- What was found about one resident or home, for people to look at.
CREATE INDEX finding_subject ON finding(subject_kind, subject_no, t);
