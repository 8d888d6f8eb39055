// Mutexes, events, serialized methods.
DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1)
{
  Mutex (MTX0, 0)
  Mutex (MTX1, 1)
  Mutex (MTX5, 5)
  Mutex (MTX6, 5)
  Event (EVTA)
  Method (SER0, 1, Serialized) { Return (Arg0) }
  Method (SER5, 1, Serialized, 5) { Return (Arg0) }
  Method (RECS, 1, Serialized) { If (Arg0 == 0) { Return ("done") }  Return (RECS (Arg0 - 1)) }
  Method (T000) { Return (Acquire (MTX0, 0xFFFF)) }
  Method (T001) { Release (MTX0)  Return (1) }
  Method (T002) { Local0 = Acquire (MTX0, 100)  Release (MTX0)  Return (Local0) }
  Method (T003) { Acquire (MTX0, 0)  Acquire (MTX0, 0)  Release (MTX0)  Release (MTX0)  Return (1) }
  Method (T004) { Acquire (MTX0, 0)  Release (MTX0)  Release (MTX0)  Return (1) }
  Method (T005) { Acquire (MTX1, 0)  Acquire (MTX0, 0)  Return (1) }
  Method (T006) { Acquire (MTX0, 0)  Acquire (MTX1, 0)  Release (MTX1)  Release (MTX0)  Return (1) }
  Method (T007) { Acquire (MTX0, 0)  Acquire (MTX1, 0)  Release (MTX0)  Return (1) }
  Method (T008) { Acquire (MTX5, 0)  Acquire (MTX1, 0)  Return (1) }
  Method (T009) { Acquire (MTX5, 0)  Acquire (MTX6, 0)  Release (MTX6)  Release (MTX5)  Return (1) }
  Method (T010) { Signal (EVTA)  Return (Wait (EVTA, 0)) }
  Method (T011) { Return (Wait (EVTA, 0)) }
  Method (T012) { Return (Wait (EVTA, 20)) }
  Method (T013) { Signal (EVTA)  Signal (EVTA)  Local0 = Wait (EVTA, 0)  Local1 = Wait (EVTA, 0)  Local2 = Wait (EVTA, 0)  Return (Local0 + Local1 + Local2) }
  Method (T014) { Signal (EVTA)  Reset (EVTA)  Return (Wait (EVTA, 0)) }
  Method (T015) { Return (SER0 (4)) }
  Method (T016) { Return (SER5 (4)) }
  Method (T017) { Acquire (MTX5, 0)  Local0 = SER5 (4)  Release (MTX5)  Return (Local0) }
  Method (T018) { Acquire (MTX6, 0)  Local0 = SER0 (4)  Return (Local0) }
  Method (T019) { Return (RECS (5)) }
  Method (T020) { If (Acquire (MTX1, 0)) { Return ("busy") }  Release (MTX1)  Return ("free") }
  Method (T021) { Acquire (\_GL, 0xFFFF)  Release (\_GL)  Return (1) }
  Method (T022) { Acquire (MTX0, 0)  Return ("left acquired") }
  Method (T023) { Return (Acquire (MTX0, 0)) }
  Method (T024) { Acquire (MTX5, 0)  Acquire (MTX5, 0)  Release (MTX5)  Acquire (MTX6, 0)  Release (MTX6)  Release (MTX5)  Return (1) }
}
