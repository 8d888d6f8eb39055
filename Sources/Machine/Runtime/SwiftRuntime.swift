import Boot

// The symbols that Embedded Swift's runtime expects from its platform.

#if os(none)
  /// SAFETY: reached only under `KernelHeap`'s lock.
  @c(posix_memalign)
  func allocateAligned(
    _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: Int, _ byteCount: Int
  ) -> Int32 {
    let outOfMemory: Int32 = 12
    guard byteCount >= 0, alignment > 0,
      let block = unsafe KernelHeap.allocate(count: UInt(byteCount), alignment: UInt(alignment))
    else { return outOfMemory }
    unsafe result.pointee = block
    return 0
  }

  /// What an object is made in: `swift_allocObject` of `Boot`.
  ///
  /// SAFETY: new memory, which only the caller knows, or nil.
  @c(apus_allocate)
  func allocateForObject(_ byteCount: UInt, _ alignment: UInt) -> UnsafeMutableRawPointer? {
    unsafe KernelHeap.allocate(count: byteCount, alignment: alignment)
  }

  @c(apus_release)
  func release(_ memory: UnsafeMutableRawPointer?) {
    // SAFETY: Swift frees only what `posix_memalign` gave it, and the heap checks that.
    guard let memory = unsafe memory else { return }
    unsafe KernelHeap.release(memory)
  }

  @c(putchar)
  func putCharacter(_ character: Int32) -> Int32 {
    EarlyConsole.write(UInt8(truncatingIfNeeded: character))
    return character
  }

  @c(arc4random_buf)
  func fillRandom(_ buffer: UnsafeMutableRawPointer, _ byteCount: Int) {
    var index = 0
    while index < byteCount {
      var word = EarlyRandom.next()
      for _ in 0..<min(8, byteCount - index) {
        // SAFETY: the caller gives `byteCount` bytes.
        unsafe buffer.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: index, as: UInt8.self)
        word >>= 8
        index += 1
      }
    }
  }

  @c(__stack_chk_fail)
  func stackCheckFailed() -> Never {
    fatalError("stack canary overwritten")
  }
#endif
