import Foundations
import Testing

@testable import PCI

@Suite("Identities that programs add to drivers")
struct DynamicIdentityTests {
  private func identity(_ vendor: UInt16?, _ device: UInt16?, subsystem: UInt16? = nil) -> PCIDynamicIdentity {
    var identity = PCIDynamicIdentity(vendor: vendor, device: device)
    identity.subsystemVendor = subsystem
    return identity
  }

  @Test("numbers that are not given are any, and of the class what the mask says counts")
  func matching() {
    var wanted = identity(0x8086, nil, subsystem: 0x1af4)
    (wanted.classCode, wanted.classMask) = (0x020000, 0xff0000)
    func matches(_ vendor: UInt16, _ device: UInt16, _ subsystem: UInt16, _ classCode: UInt32) -> Bool {
      wanted.matches(
        vendor: vendor, device: device, subsystemVendor: subsystem, subsystemDevice: 1, classCode: classCode)
    }
    #expect(matches(0x8086, 1, 0x1af4, 0x020000) && matches(0x8086, 0xffff, 0x1af4, 0x02ffff))
    #expect(!matches(0x8087, 1, 0x1af4, 0x020000) && !matches(0x8086, 1, 0x1af5, 0x020000))
    #expect(!matches(0x8086, 1, 0x1af4, 0x030000))
  }

  @Test("what was added is removed by what names it, once for each time, and nothing else is")
  func removal() throws {
    let list = PCIDynamicIdentities()
    try list.add(identity(0x1234, 0x11e8))
    try list.add(identity(0x1234, 0x11e8, subsystem: 0x1af4))
    #expect(list.covers(identity(0x1234, 0x11e8)) && !list.covers(identity(0x1234, 0x11e9)))
    // Another board's is not the one that is any board's.
    #expect(throws: Errno.ENODEV) { try list.remove(identity(0x1234, 0x11e8, subsystem: 0x1af5)) }
    #expect(throws: Errno.ENODEV) { try list.remove(identity(nil, 0x11e8)) }
    try list.remove(identity(0x1234, 0x11e8, subsystem: 0x1af4))
    try list.remove(identity(0x1234, 0x11e8))
    #expect(throws: Errno.ENODEV) { try list.remove(identity(0x1234, 0x11e8)) }
    #expect(!list.covers(identity(0x1234, 0x11e8)))
  }

  @Test("there is an end to what a driver takes note of")
  func limit() throws {
    let list = PCIDynamicIdentities()
    for number in 0..<PCIDynamicIdentities.limit { try list.add(identity(1, UInt16(number))) }
    #expect(throws: Errno.ENOSPC) { try list.add(identity(2, 2)) }
  }

  @Test("what a driver takes by its specification is known")
  func specified() {
    #expect(identity(0x1234, 0x11e8).specifiedDriver == .educational)
    #expect(identity(0x1234, 0x4321).specifiedDriver == nil)
  }
}
