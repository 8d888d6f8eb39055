import Foundations

/// An array that says so when there is no memory for it, instead of ending the kernel as Swift's own arrays would.
///
/// For everything whose size a program, a packet or a disk decides. It owns its elements and is not copied.
@safe
public struct GrowableArray<Element: ~Copyable>: ~Copyable {
  // SAFETY (section): `storage` holds room for `capacity` elements, of which the first `count` are initialized, and nobody
  // else has it. Every access is checked against `count` or stays below `capacity`.
  private var storage: UnsafeMutablePointer<Element>?
  /// How many elements there are.
  public private(set) var count = 0
  /// How many elements there is room for.
  public private(set) var capacity = 0

  /// Creates an empty array, which takes no memory.
  @inline(__always)
  public init() { unsafe storage = nil }

  deinit {
    guard let storage = unsafe storage else { return }
    unsafe storage.deinitialize(count: count)
    unsafe RawMemory.release(storage)
  }

  /// Whether there are no elements.
  @inline(__always)
  public var isEmpty: Bool { count == 0 }

  /// Makes room for `wanted` elements in all.
  ///
  /// - Throws: `ENOMEM` when there is no memory; the array stays as it was.
  public mutating func reserveCapacity(_ wanted: Int) throws(Errno) {
    guard wanted > capacity else { return }
    let (byteCount, isTooLarge) = wanted.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !isTooLarge, byteCount <= 1 << 40,
      let memory = unsafe RawMemory.allocate(byteCount: byteCount, alignment: MemoryLayout<Element>.alignment)
    else { throw .ENOMEM }
    let elements = unsafe memory.bindMemory(to: Element.self, capacity: wanted)
    if let storage = unsafe storage {
      unsafe elements.moveInitialize(from: storage, count: count)
      unsafe RawMemory.release(storage)
    }
    unsafe storage = elements
    capacity = wanted
  }

  /// Adds `element` at the end, in amortized constant time.
  ///
  /// - Throws: `ENOMEM` when there is no memory; the array stays as it was and `element` is dropped.
  @inline(__always)
  public mutating func append(_ element: consuming Element) throws(Errno) {
    if count == capacity { try reserveCapacity(max(4, capacity * 2)) }
    unsafe storage.unsafelyUnwrapped.advanced(by: count).initialize(to: element)
    count += 1
  }

  /// Removes the last element and returns it, or nil when there is none.
  @inline(__always)
  public mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    count -= 1
    return unsafe storage.unsafelyUnwrapped.advanced(by: count).move()
  }

  /// Inserts `element` before number `index`, 0...count, in linear time.
  ///
  /// - Throws: `ENOMEM` when there is no memory; the array stays as it was.
  public mutating func insert(_ element: consuming Element, at index: Int) throws(Errno) {
    precondition(index >= 0 && index <= count, "index out of range")
    if count == capacity { try reserveCapacity(max(4, capacity * 2)) }
    let place = unsafe storage.unsafelyUnwrapped.advanced(by: index)
    unsafe place.advanced(by: 1).moveInitialize(from: place, count: count - index)
    unsafe place.initialize(to: element)
    count += 1
  }

  /// Removes element number `index`, 0..<count, and returns it, in linear time.
  public mutating func remove(at index: Int) -> Element {
    precondition(index >= 0 && index < count, "index out of range")
    let place = unsafe storage.unsafelyUnwrapped.advanced(by: index)
    let element = unsafe place.move()
    count -= 1
    unsafe place.moveInitialize(from: place.advanced(by: 1), count: count - index)
    return element
  }

  /// Removes every element and keeps the memory.
  public mutating func removeAll() {
    while let element = popLast() { _ = consume element }
  }

  /// Element number `index`, 0..<count.
  @inline(__always)
  public subscript(index: Int) -> Element {
    unsafeAddress {
      precondition(index >= 0 && index < count, "index out of range")
      return unsafe UnsafePointer(storage.unsafelyUnwrapped.advanced(by: index))
    }
    unsafeMutableAddress {
      precondition(index >= 0 && index < count, "index out of range")
      return unsafe storage.unsafelyUnwrapped.advanced(by: index)
    }
  }

  /// The elements, to be looked at.
  public var span: Span<Element> {
    @_lifetime(borrow self) get {
      let elements = unsafe UnsafeBufferPointer(start: storage, count: count)
      return unsafe _overrideLifetime(Span(_unsafeElements: elements), borrowing: self)
    }
  }

  /// The elements, to be changed.
  public var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self) mutating get {
      let elements = unsafe UnsafeMutableBufferPointer(start: storage, count: count)
      return unsafe _overrideLifetime(MutableSpan(_unsafeElements: elements), mutating: &self)
    }
  }
}

extension GrowableArray {
  /// Runs `body` with the object that element number `index`, 0..<count, refers to, without counting the reference.
  ///
  /// - Parameter body: does not change the array, nor anybody else meanwhile.
  /// - Returns: nil for an element that is nil.
  /// - Throws: what `body` throws.
  @inline(__always)
  public func use<Object: AnyObject, Answer, Failure: Error>(
    _ index: Int, _ body: (Object) throws(Failure) -> Answer
  ) throws(Failure) -> Answer? where Element == Object? {
    precondition(index >= 0 && index < count, "index out of range")
    let element = unsafe UnsafeRawPointer(storage.unsafelyUnwrapped.advanced(by: index))
    guard let word = unsafe element.load(as: UnsafeRawPointer?.self) else { return nil }
    // SAFETY: the array, which is borrowed, owns the reference while `body` runs; an optional one is a word that may be zero.
    let reference = unsafe Unmanaged<Object>.fromOpaque(word)
    let result: Result<Answer, Failure> = unsafe reference._withUnsafeGuaranteedRef { object in
      do throws(Failure) { return .success(try body(object)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}

extension GrowableArray where Element: Copyable {
  /// Adds `element` `added` times, for which there is room.
  private mutating func fill(_ added: Int, _ element: Element) {
    guard added > 0, let storage = unsafe storage else { return }
    precondition(added <= capacity - count, "no room")
    unsafe storage.advanced(by: count).initialize(repeating: element, count: added)
    count += added
  }

  /// Makes the array `newCount` long, with `element` where it grows.
  ///
  /// - Throws: `ENOMEM` when there is no memory; the array stays as it was.
  public mutating func resize(to newCount: Int, filledWith element: Element) throws(Errno) {
    precondition(newCount >= 0, "less than no elements")
    try reserveCapacity(newCount)
    while count > newCount { _ = popLast() }
    fill(newCount - count, element)
  }
}
