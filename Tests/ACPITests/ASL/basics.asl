DefinitionBlock ("", "DSDT", 2, "APUS", "TEST", 1) {
 Name(S0,"abcdef") Name(B0,Buffer(4){1,2,3,4}) Name(I0, 7) Name(P0, Package(){1,2,3}) Name(B1,Buffer(4){1,2,0xab,4})
 Device(DEV0){}
 Method(T000){Return(ToHexString(0x123))}
 Method(T001){Return(ToHexString(B1))}
 Method(T002){Return(ToDecimalString(B1))}
 Method(T003){Return(Concatenate("",B1))}
 Method(T004){Store("xyzzy1234",S0) Store("ab",S0) Return(S0)}
 Method(T005){Return(Add("0x12",1))}
 Method(T006){Return(Add(" 12zz",1))}
 Method(T007){Return(Add("",1))}
 Method(T008){Return(Add("123456789ABCDEF01",0))}
 Method(T009){Return(ToInteger("123456789ABCDEF01"))}
 Method(T010){Return(ToInteger("0x123456789ABCDEF01"))}
 Method(T011){Return(ToInteger(" 123"))}
 Method(T012){Return(ToInteger("0123"))}
 Method(T013){Return(ToInteger(""))}
 Method(T014){Return(ToInteger("zz"))}
 Method(T015){Return(ToInteger("99999999999999999999999"))}
 Method(T016){Return(Add(Buffer(){},1))}
 Method(T017){Return(Concatenate(DEV0,"x"))}
 Method(T018){Return(Concatenate(P0,1))}
 Method(T019){Return(Concatenate(1,2))}
 Method(T020){Return(Concatenate(B0,5))}
 Method(T021){Return(Concatenate("a",B0))}
 Method(T022){Return(Concatenate(1,"12"))}
 Method(T023){Return(Add(Index(B0,2),1))}
 Method(T024){Local0=Index(B0,2) Return(Increment(Local0))}
 Method(T025){Increment(Index(B0,2)) Return(B0)}
 Method(T026){Increment(Index(P0,2)) Return(P0)}
 Method(T027){Return(Add(RefOf(I0),1))}
 Method(T028){Return(Add(Local0,1))}
 Method(T029){Return(1)}
 Method(T030){Return(1)}
 Method(T031){Return(Mid("abcdef",2,3))}
 Method(T032){Return(Mid("abcdef",9,3))}
 Method(T033){Return(Mid(B0,1,30))}
 Method(T034){Return(ToString(Buffer(){0x41,0x42,0,0x43}))}
 Method(T035){Return(ToString(Buffer(){0x41,0x42,0x43},2))}
 Method(T036){Return(ToBuffer("abc"))}
 Method(T037){Return(ToBuffer(""))}
 Method(T038){Return(ToBCD(1234))}
 Method(T039){Return(FromBCD(0x12A4))}
 Method(T040){Return(ObjectType(RefOf(I0)))}
 Method(T041){Return(ObjectType(Index(B0,2)))}
 Method(T042){Return(ObjectType(Index(P0,2)))}
 Method(T043){Local0=0 Return(ObjectType(Local0))}
 Method(T044){Return(ObjectType(Local0))}
 Method(T045){Return(ObjectType(\_SB))}
 Method(T046){Return(1)}
 Method(T047){Return(ObjectType(Debug))}
 Method(T048){Return(Match(Package(){1,"5",3},MEQ,5,MTR,0,0))}
 Method(T049){Return(Match(P0,MGT,1,MLE,3,0))}
 Method(T050){Return(Match(P0,MGT,1,MLE,3,9))}
 Method(T051){Return(SizeOf(I0))}
 Method(T052){Return(ShiftLeft(1,64))}
 Method(T053){Return(ShiftLeft(1,0x1000))}
 Method(T054){Return(FindSetLeftBit(0))}
 Method(T055){Return(ToBCD(0xFFFFFFFFFFFFFFFF))}
 Method(T056){Store(Buffer(){9,8,7,6,5,4},B0) Return(B0)}
 Method(T057){Store("hello",B0) Return(B0)}
 Method(T058){Store(0x1122334455667788,B0) Return(B0)}
 Method(T059){Store(B0,I0) Return(I0)}
 Method(T060){Store("0x77",I0) Return(I0)}
 Method(T061){CopyObject("0x77",I0) Return(I0)}
 Method(T062){ToHexString(0x123,S0) Return(S0)}
 Method(T063){ToInteger("0x55",S0) Return(S0)}
 Method(T064){Add(1,2,S0) Return(S0)}
 Method(T065){Concatenate("a","b",I0) Return(I0)}
 Method(T066){ToBuffer("ABC",B1) Return(B1)}
 Method(T067){Return(LEqual("abc","abcd"))}
 Method(T068){Return(LGreater(B0,1))}
 Method(T069){Return(Concatenate("a",DerefOf(RefOf(P0))))}
 Method(T070,1){Arg0=5 Return(Arg0)}
 Method(T071){Local0=1 T070(RefOf(Local0)) Return(Local0)}
 Method(T072){Return(T070(RefOf(I0)))}
 Method(T073){T070(RefOf(S0)) Return(S0)}
 Method(T074){Local0=RefOf(I0) Local0=8 Return(I0)}
 Method(T075){Local0=RefOf(I0) Store(8,DerefOf(Local0)) Return(I0)}
 Method(T076){Local0="I0" Return(DerefOf(Local0))}
 Method(T077){Local0="\\I0" Return(DerefOf(Local0))}
 Method(T078){Return(Timer==0)}
 Method(T079){Return(Revision)}
 Method(T080){Return(\_OSI("Linux"))}
 Method(T081){Return(\_OSI("Windows 2009"))}
 Method(T082){Return(\_OS)}
 Method(T083){Return(\_REV)}
}
