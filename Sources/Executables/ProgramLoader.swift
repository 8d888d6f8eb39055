public import Foundations
import Machine
public import VirtualMemory

/// A program that has been put into memory and is ready to run.
public struct LoadedProgram: Equatable, Sendable {
  /// Where it begins to run: in its linker, if it has one.
  public internal(set) var entry: UInt64 = 0
  /// Where its stack pointer begins.
  public internal(set) var stackPointer: UInt64 = 0
  /// The program's own code. Source: proc(5), `/proc/pid/stat`: startcode, endcode.
  public internal(set) var code: Range<UInt64> = 0..<0
  /// The program's own data.
  public internal(set) var data: Range<UInt64> = 0..<0
  /// Where its heap begins.
  public internal(set) var heapStart: UInt64 = 0
  /// Where its arguments are.
  public internal(set) var arguments: Range<UInt64> = 0..<0
  /// Where its environment is.
  public internal(set) var environment: Range<UInt64> = 0..<0
  /// The auxiliary vector. Source: proc(5), `/proc/pid/auxv`.
  public internal(set) var auxiliary: Range<UInt64> = 0..<0

  /// A program without anything.
  public init() {}
}

/// Puts programs into memory. Source: System V ABI, AMD64 supplement, 3.4; execve(2).
///
/// All is done to an address space that nothing runs in yet: if anything fails, it is torn down and the caller goes on.
public enum ProgramLoader {
  /// Loads `program`, and `interpreter` with it, into the empty `space`, and builds the stack.
  ///
  /// - Throws: `ENOEXEC`, `EINVAL`, `ELIBBAD` for a linker that is none, `ENOMEM`, `EIO`, `E2BIG`.
  /// - Context: a thread without locks; may wait for the files.
  public static func load(
    _ program: borrowing ELFFile, interpreter: borrowing ELFFile?, _ arguments: borrowing ArgumentList,
    _ facts: borrowing ProgramFacts, _ layout: AddressLayout, into space: AddressSpace
  ) throws(Errno) -> LoadedProgram {
    var loaded = LoadedProgram()
    space.setMappingBase(layout.mappingBase)
    let hasInterpreter = !program.interpreterPath.isEmpty
    let bias = try map(program, at: hasInterpreter ? layout.programBase : nil, into: space)
    note(program, bias, &loaded)
    var place = ProgramPlace()
    place.programHeaders = program.programHeaderAddress == 0 ? 0 : program.programHeaderAddress &+ bias
    place.programHeaderCount = program.header.programHeaderCount
    place.entry = program.header.entry &+ bias
    loaded.entry = place.entry
    if hasInterpreter {
      switch interpreter {
      case .some(let interpreter):
        guard interpreter.header.kind == .movable else { throw .ELIBBAD }
        let linkerBias = try map(interpreter, at: nil, into: space)
        place.interpreterBase = linkerBias
        loaded.entry = interpreter.header.entry &+ linkerBias
      case nil: throw .ELIBBAD
      }
    }
    guard UserSpace.contains(loaded.entry) else { throw .EINVAL }
    // A program that lies among the mappings has its heap where others have theirs, so that the two do not meet.
    let heapBase = program.header.kind == .movable && !hasInterpreter ? layout.programBase : loaded.heapStart
    loaded.heapStart = (heapBase &+ layout.heapOffset &+ 4_095) & ~4_095
    space.setHeapStart(loaded.heapStart)
    try StackBuilder.build(arguments, facts, place, layout, program.wantsExecutableStack, into: space, &loaded)
    return loaded
  }

  private static func note(_ program: borrowing ELFFile, _ bias: UInt64, _ loaded: inout LoadedProgram) {
    loaded.heapStart = program.extent.upperBound &+ bias
    for index in 0..<program.segments.count {
      let segment = program.segments[index]
      let start = segment.address &+ bias
      let range = start..<start &+ segment.fileByteCount
      if segment.isExecutable {
        loaded.code =
          loaded.code.isEmpty ? range : loaded.code.lowerBound..<max(loaded.code.upperBound, range.upperBound)
      }
      loaded.data = range
    }
  }

  // MARK: Segments

  /// Maps all segments.
  ///
  /// - Parameter base: where to put a program that can be anywhere; nil for among the mappings.
  /// - Returns: how far it was moved.
  private static func map(
    _ program: borrowing ELFFile, at base: UInt64?, into space: AddressSpace
  ) throws(Errno) -> UInt64 {
    let extent = program.extent
    var bias: UInt64 = 0
    if program.header.kind == .movable {
      bias = try reserve(extent, program.alignment, at: base, in: space) &- extent.lowerBound
    } else {
      guard UserSpace.contains(extent.lowerBound, byteCount: UInt64(extent.count)) else { throw .EINVAL }
    }
    for index in 0..<program.segments.count {
      try map(program.segments[index], of: program.file, bias, into: space)
    }
    return bias
  }

  /// Finds room for `extent`, which is free afterwards.
  private static func reserve(
    _ extent: Range<UInt64>, _ alignment: UInt64, at base: UInt64?, in space: AddressSpace
  ) throws(Errno) -> UInt64 {
    let byteCount = UInt64(extent.count)
    if let base {
      let start = base & ~(alignment - 1)
      guard UserSpace.contains(start, byteCount: byteCount) else { throw .ENOMEM }
      return start
    }
    // Room for any start that is aligned, of which the rest is given back.
    let padded = byteCount + (alignment - 4_096)
    let found = try space.map(
      MapRequest(byteCount: padded, protection: [], flags: [.private, .anonymous, .noReserve]))
    try space.unmap(found, padded)
    return (found + alignment - 1) & ~(alignment - 1)
  }

  private static func map(
    _ segment: ProgramHeader, of file: ExecutableFile, _ bias: UInt64, into space: AddressSpace
  ) throws(Errno) {
    var protection: Protection = []
    if segment.isReadable { protection.insert(.read) }
    if segment.isWritable { protection.insert(.write) }
    if segment.isExecutable { protection.insert(.execute) }
    let start = segment.address &+ bias
    let page = start & ~4_095
    let fileEnd = start &+ segment.fileByteCount
    let memoryEnd = start &+ segment.memoryByteCount
    var mappedEnd = page
    if segment.fileByteCount > 0 {
      mappedEnd = (fileEnd + 4_095) & ~4_095
      _ = try space.map(
        MapRequest(
          address: page, byteCount: mappedEnd - page, protection: protection, flags: [.private, .fixed],
          object: file.mappedObject, offset: segment.offset & ~4_095))
      if memoryEnd > fileEnd, segment.isWritable {
        try clear(fileEnd..<min(mappedEnd, memoryEnd.roundedUpToPage), in: space)
      }
    }
    let end = memoryEnd.roundedUpToPage
    if end > mappedEnd {
      _ = try space.map(
        MapRequest(
          address: mappedEnd, byteCount: end - mappedEnd, protection: protection,
          flags: [.private, .anonymous, .fixed]))
    }
  }

  /// Writes zeros to the rest of a page.
  private static func clear(_ range: Range<UInt64>, in space: AddressSpace) throws(Errno) {
    var address = range.lowerBound
    let zeros = InlineArray<64, UInt8>(repeating: 0)
    while address < range.upperBound {
      let count = min(64, range.upperBound - address)
      try space.write(zeros.span.extracting(0..<Int(count)), to: address)
      address += count
    }
  }
}

extension UInt64 {
  /// The next multiple of the page size.
  var roundedUpToPage: UInt64 { (self &+ 4_095) & ~4_095 }
}
