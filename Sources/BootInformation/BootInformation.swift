/// Why a loader's information cannot be used.
public enum BootInformationError: Error, Equatable, Sendable {
  /// There is no readable memory at this physical address.
  case unreadable(address: UInt64)
  /// The information at this address does not begin as its protocol says.
  case badSignature(address: UInt64)
  /// The structure states a size that cannot be right.
  case badSize(address: UInt64, stated: UInt64)
  /// A tag or entry passes the end of the structure that holds it.
  case pastEnd(address: UInt64)
  /// There is no usable memory in the memory map, or no memory map.
  case noMemory
}

/// What the kernel knows about its own start, whichever loader brought it.
///
/// Texts, the memory map and the loader's copy of the ACPI root pointer have been copied: nothing of the loader's own
/// information is needed afterwards. Modules, the frame buffer and the firmware's tables are described by their physical
/// addresses.
public struct BootInformation: ~Copyable {
  /// How many modules are recorded.
  public static let moduleCapacity = 32

  /// The memory map, normalized.
  public internal(set) var memoryMap = MemoryMap()
  /// The kernel's command line.
  public internal(set) var commandLine = BootText<2048>()
  /// The loader's name, such as `GRUB 2.06`.
  public internal(set) var loaderName = BootText<64>()
  /// The linear frame buffer or text screen that the loader set up.
  public internal(set) var screen: BootScreenDescription?
  /// Physical address of the ACPI root pointer, from a loader that tells it.
  public internal(set) var rsdpAddress: UInt64?
  /// The ACPI root pointer itself, from a loader that copied it: 20 bytes of ACPI 1.0, 36 since; empty from others.
  public internal(set) var rootPointer = BootText<36>()
  /// Physical address of the EFI system table.
  public internal(set) var efiSystemTableAddress: UInt64?

  private var modules = InlineArray<32, Range<UInt64>>(repeating: 0..<0)
  /// How many modules the loader loaded, 0...32.
  public private(set) var moduleCount = 0
  /// Modules and texts that did not fit or made no sense.
  public internal(set) var droppedCount = 0

  init() {}

  /// Physical addresses of module `index`; empty outside 0..<moduleCount.
  public func module(_ index: Int) -> Range<UInt64> {
    index >= 0 && index < moduleCount ? modules[index] : 0..<0
  }

  mutating func addModule(start: UInt64, end: UInt64) {
    guard start < end, moduleCount < Self.moduleCapacity else {
      droppedCount += 1
      return
    }
    modules[moduleCount] = start..<end
    moduleCount += 1
  }

  /// Sorts the memory map.
  ///
  /// - Throws: `.noMemory` when nothing usable is left.
  mutating func finish() throws(BootInformationError) {
    memoryMap.normalize()
    guard memoryMap.usableByteCount > 0 else { throw .noMemory }
  }
}

/// A short text, or other bytes, copied from the loader.
public struct BootText<let capacity: Int>: Sendable {
  private var storage = InlineArray<capacity, UInt8>(repeating: 0)
  /// The length in bytes.
  public private(set) var count = 0
  /// Whether the loader's text was longer than fits.
  public private(set) var isCut = false

  init() {}

  /// The text's bytes: UTF-8, if the loader kept to it.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<count) }
  }

  mutating func append(_ byte: UInt8) {
    guard count < capacity else {
      isCut = true
      return
    }
    storage[count] = byte
    count += 1
  }

  /// Copies all of `range`, as far as there is room.
  mutating func copy<Memory: PhysicalMemoryReader & ~Copyable>(
    all range: Range<UInt64>, _ memory: borrowing Memory
  ) throws(BootInformationError) {
    self = BootText()
    for address in range {
      guard let byte = memory.read8(at: address) else { throw .unreadable(address: address) }
      append(byte)
    }
  }

  /// Copies the text at `address` up to its zero byte, `limit` bytes at most.
  mutating func copy<Memory: PhysicalMemoryReader & ~Copyable>(
    from address: UInt64, limit: UInt64, _ memory: borrowing Memory
  ) throws(BootInformationError) {
    self = BootText()
    for offset in 0..<limit {
      let (place, overflowed) = address.addingReportingOverflow(offset)
      guard !overflowed, let byte = memory.read8(at: place) else { throw .unreadable(address: address) }
      if byte == 0 { return }
      append(byte)
      if isCut { return }
    }
  }
}

/// The screen that the loader left.
public struct BootScreenDescription: Equatable, Sendable {
  /// How its memory is to be understood.
  public enum Format: Equatable, Sendable {
    /// Pixels whose colours are bit fields.
    case direct(red: ColourField, green: ColourField, blue: ColourField)
    /// Pixels that are indices into a palette.
    case indexed
    /// Characters and attributes, as on VGA.
    case text
  }

  /// Where one colour stands in a pixel.
  public struct ColourField: Equatable, Sendable {
    /// The lowest bit.
    public var position: UInt8
    /// How many bits.
    public var size: UInt8

    /// Creates a field.
    public init(position: UInt8, size: UInt8) {
      self.position = position
      self.size = size
    }
  }

  /// Physical address of the first pixel.
  public var address: UInt64
  /// Bytes from one line to the next.
  public var pitch: UInt32
  /// Pixels, or characters, in a line.
  public var width: UInt32
  /// Lines.
  public var height: UInt32
  /// Bits in a pixel.
  public var bitsPerPixel: UInt8
  /// The pixels' format.
  public var format: Format

  private var hasColoursWithinPixel: Bool {
    guard case .direct(let red, let green, let blue) = format else { return true }
    func isWithin(_ field: ColourField) -> Bool {
      field.size > 0 && Int(field.position) + Int(field.size) <= Int(bitsPerPixel)
    }
    return isWithin(red) && isWithin(green) && isWithin(blue)
  }

  /// The physical addresses of the whole screen, or nil for dimensions or colours that no screen has.
  public var range: Range<UInt64>? {
    guard width > 0, height > 0, width <= 16_384, height <= 16_384, pitch <= 1 << 20, bitsPerPixel >= 1,
      UInt64(width) * UInt64(bitsPerPixel) <= UInt64(pitch) * 8
    else { return nil }
    guard hasColoursWithinPixel else { return nil }
    let byteCount = UInt64(pitch) * UInt64(height)
    let (end, overflowed) = address.addingReportingOverflow(byteCount)
    guard address > 0, !overflowed, end <= MemoryMap.addressLimit else { return nil }
    return address..<end
  }
}
