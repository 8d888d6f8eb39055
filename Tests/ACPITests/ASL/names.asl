// Scopes, the search for names, aliases, names that methods create, predefined names.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Name (TOPA, "root")
  Name (SAME, "root")
  Scope (\_SB)
  {
    Name (SAME, "sb")
    Device (DEVA)
    {
      Name (_HID, "PNP0A08")
      Name (_ADR, 0)
      Name (SAME, "deva")
      Name (ONLY, "only deva")
      Device (DEVB)
      {
        Name (_ADR, 0x10000)
        Name (INNR, "inner")
        Method (GETS) { Return (SAME) }
        Method (GETP) { Return (^SAME) }
        Method (GETQ) { Return (^^SAME) }
        Method (GETR) { Return (\SAME) }
        Method (GETT) { Return (TOPA) }
        Method (GETO) { Return (ONLY) }
        Method (GETM) { Return (^^DEVA.ONLY) }
        Method (SETO, 1) { ONLY = Arg0 }
        Method (TEMP) { Name (SAME, "temporary")  Return (SAME) }
        Method (TEMQ) { Name (^SAMF, "above")  Return (SAMF) }
      }
      Method (GETS) { Return (SAME) }
    }
    Scope (DEVA.DEVB) { Name (LATE, "late") }
  }
  Alias (\_SB.DEVA.ONLY, ALIA)
  Alias (\_SB.DEVA.DEVB, ALID)
  Alias (\_SB.DEVA.GETS, ALIM)
  Scope (\_SB.DEVA) { Method (DEEP) { Return (DEVB.INNR) } }
  Name (INTA, 5)
  Method (T000) { Return (\_SB.DEVA.DEVB.GETS ()) }
  Method (T001) { Return (\_SB.DEVA.DEVB.GETP ()) }
  Method (T002) { Return (\_SB.DEVA.DEVB.GETQ ()) }
  Method (T003) { Return (\_SB.DEVA.DEVB.GETR ()) }
  Method (T004) { Return (\_SB.DEVA.DEVB.GETT ()) }
  Method (T005) { Return (\_SB.DEVA.DEVB.GETO ()) }
  Method (T006) { Return (\_SB.DEVA.DEVB.GETM ()) }
  Method (T007) { Return (\_SB.DEVA.GETS ()) }
  Method (T008) { Return (\_SB.DEVA.DEVB.TEMP ()) }
  Method (T009) { Return (\_SB.DEVA.DEVB.TEMP ()) }
  Method (T010) { Return (\_SB.DEVA.DEVB.GETS ()) }
  Method (T011) { Return (ALIA) }
  Method (T012) { ALIA = "changed"  Return (\_SB.DEVA.ONLY) }
  Method (T013) { Return (ALID.INNR) }
  Method (T014) { Return (ALIM ()) }
  Method (T015) { Return (\_SB.DEVA.DEEP ()) }
  Method (T016) { Return (\_SB.DEVA.DEVB.LATE) }
  Method (T017) { Return (ObjectType (ALID)) }
  Method (T018) { Return (ObjectType (ALIM)) }
  Method (T019) { Name (TMPA, 1)  TMPA = 7  Return (TMPA) }
  Method (T020) { Name (TMPA, 1)  Return (TMPA) }
  Method (RECU, 1) { Name (TMPB, 1)  If (Arg0 == 0) { Return (0) }  Return (RECU (Arg0 - 1)) }
  Method (T021) { Return (RECU (0)) }
  Method (T022) { Return (RECU (2)) }
  Method (T023) { Method (INNE, 1) { Return (Arg0 + 1) }  Return (INNE (4)) }
  Method (T024) { Return (\_OS) }
  Method (T025) { Return (\_REV) }
  Method (T026) { Return (Revision) }
  Method (T027) { Return (\_OSI ("Windows 2000")) }
  Method (T028) { Return (\_OSI ("Windows 2001")) }
  Method (T029) { Return (\_OSI ("Windows 2001 SP1")) }
  Method (T030) { Return (\_OSI ("Windows 2001.1")) }
  Method (T031) { Return (\_OSI ("Windows 2001 SP2")) }
  Method (T032) { Return (\_OSI ("Windows 2001.1 SP1")) }
  Method (T033) { Return (\_OSI ("Windows 2022.5")) }
  Method (T034) { Return (\_OSI ("Windows 2006.1")) }
  Method (T035) { Return (\_OSI ("Windows 2006 SP1")) }
  Method (T036) { Return (\_OSI ("Windows 2006 SP2")) }
  Method (T037) { Return (\_OSI ("Windows 2009")) }
  Method (T038) { Return (\_OSI ("Windows 2012")) }
  Method (T039) { Return (\_OSI ("Windows 2013")) }
  Method (T040) { Return (\_OSI ("Windows 2015")) }
  Method (T041) { Return (\_OSI ("Windows 2016")) }
  Method (T042) { Return (\_OSI ("Windows 2017")) }
  Method (T043) { Return (\_OSI ("Windows 2017.2")) }
  Method (T044) { Return (\_OSI ("Windows 2018")) }
  Method (T045) { Return (\_OSI ("Windows 2018.2")) }
  Method (T046) { Return (\_OSI ("Windows 2019")) }
  Method (T047) { Return (\_OSI ("Linux")) }
  Method (T048) { Return (\_OSI ("Darwin")) }
  Method (T049) { Return (\_OSI ("FreeBSD")) }
  Method (T050) { Return (\_OSI ("Extended Address Space Descriptor")) }
  Method (T051) { Return (\_OSI ("")) }
  Method (T052) { Return (\_OSI ("Windows 20")) }
  Method (T053) { Return (\_OSI (5)) }
  Method (T054) { Return (ObjectType (\_SB)) }
  Method (T055) { Return (ObjectType (\_GL)) }
  Method (T056) { Return (ObjectType (\_OS)) }
  Method (T057) { Return (ObjectType (\_OSI)) }
  Method (T058) { Return (ObjectType (\_TZ)) }
  Method (T059) { \_SB.DEVA.DEVB.SETO ("set")  Return (\_SB.DEVA.ONLY) }
  Method (T060) { Return (CondRefOf (\_SB.DEVA.DEVB.GETS)) }
  Method (T061) { Return (CondRefOf (^NONE)) }
  Method (T062) { External (\FARA, IntObj)  If (CondRefOf (\FARA)) { Return (FARA) }  Return ("absent") }
  Method (T063) { External (\FARB, MethodObj)  Return (\FARB ()) }
  Method (T064) { Return (\_SB.DEVA.DEVB.TEMQ ()) }
  Method (T065) { Scope (\_SB) { Name (TSCO, 3) }  Return (\_SB.TSCO) }
  Method (T066) { Return (CondRefOf (\_SB.TSCO)) }
  Method (T067) { Device (TDEV) { Name (X, 8) }  Return (TDEV.X) }
  Method (T068) { Name (TMPA, Package () {INTA, "s"})  Return (TMPA) }
}
