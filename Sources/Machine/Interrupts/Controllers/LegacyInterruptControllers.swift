import Foundations

/// The two 8259s of a PC, which are out of work once the APICs are in.
///
/// Their vectors are moved away from the exceptions all the same, for a spurious interrupt cannot be masked.
/// Source: Intel 8259A data sheet; Intel 82371FB (PIIX) data sheet, ELCR and interrupt controllers.
public enum LegacyInterruptControllers {
  private static let firstVector: UInt8 = 32

  /// Masks every input of both.
  ///
  /// - Returns: whether the masks read back; false where there are none.
  @discardableResult
  public static func mask() -> Bool {
    let primary = LegacyController(at: PIC8259.primary, isPrimary: true)
    let secondary = LegacyController(at: PIC8259.secondary, isPrimary: false)
    primary.mask(firstVector: firstVector)
    secondary.mask(firstVector: firstVector + 8)
    return primary.isMasked && secondary.isMasked
  }
}

/// One of the two.
private struct LegacyController: ~Copyable {
  private let registers: PIC8259Registers<ReservedPortSpace>
  private let isPrimary: Bool

  init(at base: UInt16, isPrimary: Bool) {
    registers = PIC8259Registers(ReservedPortSpace(base: base))
    self.isPrimary = isPrimary
  }

  func mask(firstVector: UInt8) {
    var begin = PIC8259.InitializationCommand1()
    begin.needsCommand4 = true
    registers.initializationCommand1 = begin
    var vectors = PIC8259.InitializationCommand2()
    vectors.vectorBase = firstVector
    registers.initializationCommand2 = vectors
    if isPrimary {
      registers.initializationCommand3 = 1 << 2
    } else {
      var command = PIC8259.InitializationCommand3Secondary()
      command.identifier = 2
      registers.initializationCommand3Secondary = command
    }
    var mode = PIC8259.InitializationCommand4()
    mode.isX86 = true
    registers.initializationCommand4 = mode
    registers.interruptMask = 0xff
  }

  var isMasked: Bool { registers.interruptMask == 0xff }
}
